"""Where the guide is and how it is asked. PURE."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GuideOptions:
    """Where the guide is and how it is asked.

    `instructions`, unless empty, are sent as a system message before the conversation.
    """

    base_url: str
    api_key: str = field(repr=False)
    model: str
    instructions: str = ""

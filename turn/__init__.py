"""The parts of turn-taking that `barge_in` is built from: events, replies, playback. PURE."""

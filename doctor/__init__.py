"""The doctor: checks an installation and says what to fix, one line a check.

    __main__       `python -m doctor`: the order of the checks, and the exit status
    report         what a check finds, and how it is printed
    settings       the settings can be used, and what is worth knowing of them
    app_process    the app runs; if it does not, it is started for the time of the check
    guide          the guide takes the key, knows the model, replies in time, and streams
    call           a small call with the app, signed as Twilio signs
    outside        PUBLIC_URL leads to the app, or why it does not

Below them: `client`, a way to the app; `health`, whether it is our app that answers; `network`,
whom to trust and what an error means.
"""

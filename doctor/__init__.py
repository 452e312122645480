"""Checks an installation and says what to fix, one line per check.

    __main__       `python -m doctor`: runs the checks
    report         prints the findings
    settings       checks the settings
    app_process    checks that the app is running, or starts it for the duration of the checks
    guide          checks that the guide replies in time and streams
    trial_call     checks a short call, signed as Twilio signs it, and what must be refused
    public_url     checks that PUBLIC_URL reaches the app

They share `app_client`, which sends requests to the app; `health`, which tells Frontdesk from other
programs; and `network`, for certificates, proxies and errors.
"""

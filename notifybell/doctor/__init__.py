"""Examinations of an installation: each looks at one thing, changes nothing, and tells Findings.

What they mean is judged by pure functions where the judgement is more than a comparison
(`domain/mail_dns.py`). The network is asked with short limits, and silence is a Finding too.
"""

"""
The verdict inside other people's servers, one module each, imported by name.

Each needs the extra of its name: ``pip install senderdomain[aiosmtpd]``.
"""

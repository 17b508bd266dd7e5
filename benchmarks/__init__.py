"""
How fast the library is beside others, on loopback addresses.

    python -m benchmarks --output DIR [SECTION...]

Owns      everything that is measured, and how it is written down.
Knows not how fast anything should be, but for the goals in `goals`; no test fails
          for being slow. A wrong verdict does fail.

Start at `sections`; `contenders` has what is compared, `client` the process in which
each contender runs, `truth` the names and what is true of them, `server` and `delay`
what is asked.
"""

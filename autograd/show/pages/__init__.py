"""The page of `explore`: a computation as a JSON document, and the scripts in page/ that show it.

Read explore, then document; recorded, frames and live are about numbers that change.
"""

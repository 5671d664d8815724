"""A local Cal.com and a local Retell: real HTTP servers that check what the originals check, and fail when told to.

For `make up` without accounts, for the demonstration and for tests. `python -m deploy.local.providers calcom|retell`.
"""

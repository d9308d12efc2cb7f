"""Surge posting (干部下沉): units offer people, communities need them, one click posts each."""

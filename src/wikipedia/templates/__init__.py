"""Inline templates as a reader sees them: "5 km (3.1 mi)", "c. 1500", "Japanese: 東京", "⟨a⟩", "6×10²³".

A file a subject; above each renderer stand the names of the templates that it serves. lookup.find finds it.
"""

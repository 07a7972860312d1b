"""A dump's text: pages out of XML, prose out of wikitext, what is worth keeping and what stands there twice."""

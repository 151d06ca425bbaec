"""The model store: which models there are, where they lie, how they get there.

Layout: `<root>/{stt,llm,tts,turn,vad}/NAME/` with the engine's own file names. A model's folder appears complete or not
at all; what is on its way lies in `NAME.part/`.
"""

"""The live screen of a conversation: events to a view, the view to lines, lines to a terminal."""

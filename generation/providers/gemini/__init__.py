"""Google's Gemini: picture models, and one question about text at a time. Only this package imports google.genai."""

//! Mocked SMS, voice, e-mail and push providers, and the people behind them.

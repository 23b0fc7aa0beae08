"""The engines behind search.engine.Engine; search.engine.get_engine() picks one."""

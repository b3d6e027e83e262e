"""An evaluation as pages of HTML: `page` shows it, `human` asks which picture is the real one."""

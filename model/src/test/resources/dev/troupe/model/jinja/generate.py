"""Expected texts of templates, by Jinja2 3.1 with the settings of Hugging Face's transformers: cases.json of cases.txt.

cases.txt: templates after lines "=== name"; each is rendered with every conversation of conversations.json.
"""
import json, datetime
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.ext import loopcontrols, Extension

class Generation(Extension):
    tags = {"generation"}
    def parse(self, parser):
        next(parser.stream)
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return body

def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

class Raised(Exception): pass
def raise_exception(message): raise Raised(message)

env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
env.filters["tojson"] = tojson
env.globals["raise_exception"] = raise_exception
env.globals["strftime_now"] = lambda f: datetime.datetime(2026, 3, 9, 14, 5, 7).strftime(f)

templates = {}
for line in open("cases.txt", encoding="utf-8"):
    if line.startswith("=== "):
        name = line[4:].strip(); templates[name] = ""
    else:
        templates[name] += line
conversations = json.load(open("conversations.json", encoding="utf-8"))
out = []
for name, text in templates.items():
    for title, values in conversations.items():
        if name.startswith("chat") != title.startswith("chat"): continue
        try: result = {"text": env.from_string(text).render(**values)}
        except Raised as e: result = {"raised": str(e)}
        except Exception as e: result = {"error": type(e).__name__ + ": " + str(e)}
        out.append({"template": name, "conversation": title, **result})
json.dump(out, open("cases.json", "w", encoding="utf-8"), ensure_ascii=False, indent=1)

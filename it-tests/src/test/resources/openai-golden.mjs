// Continues a prompt in every way that the official client has; prints one JSON object.
// Arguments: base URL, model, prompt, most tokens.
import OpenAI from 'openai';

const [baseURL, model, prompt, maxTokens] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });
const common = { model, temperature: 0, max_tokens: Number(maxTokens) };
const messages = [{ role: 'user', content: prompt }];

const completion = await client.completions.create({ ...common, prompt });
const chat = await client.chat.completions.create({ ...common, messages });

let completionStream = '';
for await (const chunk of await client.completions.create({ ...common, prompt, stream: true })) {
  completionStream += chunk.choices[0]?.text ?? '';
}
let chatStream = '';
let finish = null;
for await (const chunk of await client.chat.completions.create({ ...common, messages, stream: true })) {
  chatStream += chunk.choices[0]?.delta?.content ?? '';
  finish = chunk.choices[0]?.finish_reason ?? finish;
}
// A stream that is broken off in the middle ends quietly.
const aborted = await client.chat.completions.create({ ...common, messages, stream: true });
for await (const chunk of aborted) {
  aborted.controller.abort();
}
console.log(JSON.stringify({
  texts: [completion.choices[0].text, chat.choices[0].message.content, completionStream, chatStream],
  finish,
  usage: chat.usage,
}));

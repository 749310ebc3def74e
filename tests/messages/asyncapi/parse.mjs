// Reads an AsyncAPI document with the official parser: exit 0 and a summary as JSON, or exit 1 and its diagnostics.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, file] = process.argv.slice(2);
const { Parser } = createRequire(`${folder}/`)("@asyncapi/parser");
const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
if (!document || diagnostics.length) {
  console.error(JSON.stringify(diagnostics.map(({ message, path }) => `${path.join("/")}: ${message}`), null, 1));
  process.exit(1);
}
const operations = document.operations().all();
const receivers = (message) => operations.filter((one) => one.isReceive() && one.messages().get(message));
const channels = document.channels().all().map((channel) => {
  const messages = channel.messages().all().map((message) => message.id());
  return [channel.address(), { messages, ...channel.bindings().get("kafka").value() }];
});
const heard = document.messages().all().map((message) => [
  message.id(),
  receivers(message.id()).map((one) => one.bindings().get("kafka").value().groupId.const).sort(),
]);
console.log(JSON.stringify({ channels: Object.fromEntries(channels), heard: Object.fromEntries(heard) }));

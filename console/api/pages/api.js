"use strict";
// Draws /v1/openapi.json. Everything is set as text, never as HTML: the description cannot run anything.

const main = document.getElementById("operations");
const find = document.getElementById("find");

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function table(heads, rows) {
  const made = element("table");
  const top = made.createTHead().insertRow();
  for (const head of heads) top.append(element("th", head));
  const body = made.createTBody();
  for (const cells of rows) {
    const row = body.insertRow();
    cells.forEach((cell, place) => row.insertCell().append(place ? cell : element("code", cell)));
  }
  return made;
}

function kindOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(kindOf).join(" | ");
  if (schema.type === "array") return `list of ${kindOf(schema.items)}`;
  const limits = [];
  for (const [name, sign] of [["minLength", "≥"], ["maxLength", "≤"]])
    if (schema[name] !== undefined) limits.push(`${sign} ${schema[name]} characters`);
  if (schema.minimum !== undefined) limits.push(`≥ ${schema.minimum}`);
  if (schema.maximum !== undefined) limits.push(`≤ ${schema.maximum}`);
  if (schema.format) limits.push(schema.format);
  return [schema.type || "anything", ...limits].join(", ");
}

function fields(description, schema) {
  const named = schema && schema.$ref ? description.components.schemas[schema.$ref.split("/").pop()] : schema;
  if (!named || !named.properties) return element("p", kindOf(schema), "muted");
  const needed = new Set(named.required || []);
  return table(["field", "value", "meaning"], Object.entries(named.properties).map(([name, value]) =>
    [name + (needed.has(name) ? " *" : ""), kindOf(value), value.description || ""]));
}

function example(method, path, operation) {
  const lines = [`curl -X ${method} '${location.origin}${path}'`, `-H "Authorization: Bearer $TOKEN"`];
  const content = operation.requestBody && operation.requestBody.content;
  if (content) lines.push(`-H 'Content-Type: ${Object.keys(content)[0]}' --data-binary @body`);
  return lines.join(" \\\n     ");
}

function operationOf(description, method, path, operation) {
  const drawn = element("details");
  drawn.id = operation.operationId;
  drawn.dataset.text = `${method} ${path} ${operation.operationId} ${operation.summary}`.toLowerCase();
  const summary = drawn.appendChild(element("summary"));
  summary.append(element("span", method, "method"), element("span", path, "path"), " ",
    element("span", operation.summary, "summary"));
  if (operation.description) drawn.append(element("p", operation.description));
  drawn.append(element("p", operation["x-role"] ? `A token with the role ${operation["x-role"]}.` : "Anybody.", "muted"));
  drawn.append(element("pre", example(method, path, operation)));
  if (operation.parameters)
    drawn.append(element("h3", "Parameters"), table(["name", "in", "value", "meaning"], operation.parameters.map(
      (one) => [one.name + (one.required ? " *" : ""), one.in, kindOf(one.schema), one.description || ""])));
  if (operation.requestBody)
    for (const [media, content] of Object.entries(operation.requestBody.content))
      drawn.append(element("h3", `Body: ${media}`), fields(description, content["x-line"] || content.schema));
  drawn.append(element("h3", "Answers"));
  for (const [status, answer] of Object.entries(operation.responses)) {
    const one = drawn.appendChild(element("details"));
    one.append(element("summary", `${status} ${answer.description}`));
    for (const [media, content] of Object.entries(answer.content || {}))
      one.append(element("p", media, "muted"), fields(description, content["x-line"] || content.schema));
  }
  return drawn;
}

function show() {
  const wanted = find.value.trim().toLowerCase();
  for (const one of main.children) one.hidden = wanted !== "" && !one.dataset.text.includes(wanted);
}

async function draw() {
  const description = await (await fetch("/v1/openapi.json")).json();
  main.replaceChildren();
  for (const [path, methods] of Object.entries(description.paths))
    for (const [method, operation] of Object.entries(methods))
      main.append(operationOf(description, method.toUpperCase(), path, operation));
  const named = document.getElementById(location.hash.slice(1));
  if (named) { named.open = true; named.scrollIntoView(); }
}

find.addEventListener("input", show);
draw().catch((error) => main.replaceChildren(element("p", `The description cannot be read: ${error}. Load the page again.`)));

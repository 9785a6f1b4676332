import type { Operation } from "./document.ts";
import { anchor, escaped, prose } from "./html.ts";
import { propertiesHtml, typeHtml } from "./schema-html.ts";

const parametersHtml = ({ parameters = [] }: Operation): string => {
  if (parameters.length === 0) return "";
  const rows = parameters.map(
    ({ name, in: place, required, description = "", schema = {} }) =>
      `<tr><td><code>${escaped(name)}</code>${required === true ? "" : ' <span class="optional">optional</span>'}</td>` +
      `<td>${escaped(place)}</td><td class="type">${typeHtml(schema)}</td><td>${prose(description)}</td></tr>`,
  );
  return `<h4>Parameters</h4><div class="wide"><table><tbody>${rows.join("")}</tbody></table></div>`;
};

const bodyHtml = ({ requestBody }: Operation): string => {
  if (requestBody === undefined) return "";
  const types = Object.keys(requestBody.content).map((type) => `<code>${escaped(type)}</code>`);
  const [schema] = Object.values(requestBody.content).flatMap((media) =>
    media.schema === undefined ? [] : [media.schema],
  );
  return `<h4>Body</h4><p>${types.join(", ")}</p>${schema === undefined ? "" : propertiesHtml(schema)}`;
};

const responsesHtml = ({ responses }: Operation): string => {
  const rows = Object.entries(responses).map(([status, { description, content = {} }]) => {
    const shapes = Object.entries(content).map(([type, { schema = {} }]) =>
      schema.$ref === undefined ? `<code>${escaped(type)}</code>` : typeHtml(schema),
    );
    return `<tr><td><span class="status s${escaped(status[0] ?? "")}">${escaped(status)}</span></td><td>${prose(description)}</td><td>${shapes.join(", ")}</td></tr>`;
  });
  return `<h4>Answers</h4><div class="wide"><table><tbody>${rows.join("")}</tbody></table></div>`;
};

/** The anchor of one operation. */
const operationAnchor = (method: string, path: string): string => anchor(`${method} ${path}`);

const badge = (method: string): string =>
  `<span class="method ${escaped(method)}">${escaped(method.toUpperCase())}</span>`;

/** One operation: closed it is a line, open it is the whole story. */
export const operationHtml = (method: string, path: string, operation: Operation): string => {
  const open = operation.security?.length === 0 ? "No token is needed." : (operation.description ?? "");
  return (
    `<details id="${operationAnchor(method, path)}"><summary>${badge(method)} <code class="path">${escaped(path)}</code> ` +
    `<span class="what">${prose(operation.summary ?? "")}</span></summary>` +
    `<div class="body"><p>${prose(open)}</p>${parametersHtml(operation)}${bodyHtml(operation)}${responsesHtml(operation)}</div></details>`
  );
};

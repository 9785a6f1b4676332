import type { Schema } from "./document.ts";
import { anchor, escaped, prose } from "./html.ts";

const nameOf = ($ref: string): string => $ref.slice($ref.lastIndexOf("/") + 1);

const alternativesOf = ({ anyOf, oneOf, allOf }: Schema): readonly Schema[] | undefined => anyOf ?? oneOf ?? allOf;

const limitsOf = ({ minimum, maximum, minLength, maxLength, maxItems }: Schema): string => {
  // JSON Schema's whole numbers end at 2^53 - 1; that says nothing.
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  if (least !== undefined || most !== undefined) return ` ${least ?? ""}–${most ?? ""}`;
  if (minLength !== undefined || maxLength !== undefined) return `, ${minLength ?? 0}–${maxLength ?? ""} characters`;
  return maxItems === undefined ? "" : `, at most ${maxItems}`;
};

/** A schema's type in a few words, linked where it has a name. */
export const typeHtml = (schema: Schema): string => {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    return `<a href="#schema-${anchor(name)}">${escaped(name)}</a>`;
  }
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `<code>${escaped(JSON.stringify(value))}</code>`).join(" | ");
  if (schema.const !== undefined) return `<code>${escaped(JSON.stringify(schema.const))}</code>`;
  const alternatives = alternativesOf(schema);
  if (alternatives !== undefined) return alternatives.map(typeHtml).join(" | ");
  if (schema.items !== undefined) return `list of ${typeHtml(schema.items)}${limitsOf(schema)}`;
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : String(schema.type ?? "any");
  return `${escaped(type)}${schema.format === undefined ? "" : ` (${escaped(schema.format)})`}${limitsOf(schema)}`;
};

/** An object's properties, nested ones indented; nothing for other schemas. */
export const propertiesHtml = (schema: Schema): string => {
  const { properties, required = [] } = schema;
  if (properties === undefined) {
    const nested = [...(alternativesOf(schema) ?? []), ...(schema.items === undefined ? [] : [schema.items])];
    return nested.map(propertiesHtml).join("");
  }
  const rows = Object.entries(properties).map(([name, property]) => {
    const mark = required.includes(name) ? "" : ' <span class="optional">optional</span>';
    const text = property.description === undefined ? "" : `<p>${prose(property.description)}</p>`;
    const inner = property.$ref === undefined ? propertiesHtml(property) : "";
    return `<dt><code>${escaped(name)}</code>${mark} <span class="type">${typeHtml(property)}</span></dt><dd>${text}${inner}</dd>`;
  });
  return `<dl>${rows.join("")}</dl>`;
};

/** The page behind /docs: an OpenAPI document as plain HTML, readable without any script or network. */

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    name: string;
    in: string;
    required?: boolean;
    schema?: unknown;
  }[];
  readonly requestBody?: { content?: Readonly<Record<string, { schema?: unknown }>> };
  readonly responses?: Readonly<
    Record<
      string,
      { description?: string; content?: Readonly<Record<string, { schema?: unknown }>> }
    >
  >;
}

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

/** `document`: OpenAPI 3.1. Returns a whole HTML page. */
export function docsPage(document: object, service: string): string {
  const { info, paths } = document as {
    info: { title: string; description?: string };
    paths?: Record<string, Partial<Record<(typeof METHODS)[number], Operation>>>;
  };
  const operations = Object.entries(paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [operationSection(method, path, operation)] : [];
    }),
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(info.title)}</title>
<style>${STYLE}</style><main><h1>${escaped(info.title)}</h1><p>${escaped(info.description ?? "")}</p>
<p>The same as a document for machines: <a href="/openapi.json">/openapi.json</a>.
Errors are <code>application/problem+json</code> with a <code>code</code>. Service: ${escaped(service)}.</p>
${operations.join("\n")}</main></html>`;
}

function operationSection(method: string, path: string, operation: Operation): string {
  const locked = operation.security?.length ? ' <span class="lock">needs a token</span>' : "";
  const parameters = (operation.parameters ?? [])
    .map(
      (one) =>
        `<tr><td><code>${escaped(one.name)}</code></td><td>${escaped(one.in)}</td><td>${one.required ? "required" : "optional"}</td><td><code>${schemaText(one.schema)}</code></td></tr>`,
    )
    .join("");
  const body = operation.requestBody?.content?.["application/json"]?.schema;
  const responses = Object.entries(operation.responses ?? {})
    .map(([status, one]) => {
      const schema = Object.values(one.content ?? {})[0]?.schema;
      return `<tr><td>${escaped(status)}</td><td>${escaped(one.description ?? "")}</td><td>${schema ? `<pre>${schemaText(schema)}</pre>` : ""}</td></tr>`;
    })
    .join("");
  return `<details><summary><b class="${method}">${method.toUpperCase()}</b> <code>${escaped(path)}</code> ${escaped(operation.summary ?? "")}${locked}</summary>
${operation.description ? `<p>${escaped(operation.description)}</p>` : ""}
${parameters ? `<h3>Parameters</h3><table>${parameters}</table>` : ""}
${body ? `<h3>Body</h3><pre>${schemaText(body)}</pre>` : ""}
<h3>Answers</h3><table>${responses}</table></details>`;
}

function schemaText(schema: unknown): string {
  return escaped(JSON.stringify(schema ?? {}, undefined, 2));
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0}
main{max-width:60rem;margin:2rem auto;padding:0 1rem}code,pre{font:14px/1.4 ui-monospace,monospace}
pre{background:#8881;padding:.6rem;overflow:auto;border-radius:6px;margin:0}
details{border:1px solid #8884;border-radius:8px;margin:.6rem 0;padding:.5rem .8rem}
summary{cursor:pointer}table{border-collapse:collapse;width:100%}td{border-top:1px solid #8883;padding:.3rem .6rem;vertical-align:top}
b{display:inline-block;min-width:4.2rem}.get{color:#1a7f37}.post{color:#0969da}.put,.patch{color:#9a6700}.delete{color:#cf222e}
.lock{color:#888;font-size:.85em}h3{font-size:1rem;margin:.8rem 0 .3rem}`;

/** Text from servers and clients made safe to show: in XML and HTML, and in a terminal. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * For text and quoted attributes of XML 1.0 and HTML. What XML cannot say at all (control
 * characters, lone surrogates, U+FFFE and U+FFFF) becomes U+FFFD.
 */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}

/** For one cell or line of Markdown as code hosts show it: neither markup, links nor mentions. */
export function escapeMarkdown(text: string): string {
  return escapeMarkup(text)
    .replace(/[\r\n]+/g, " ")
    .replace(/[\\`*_[\]|~!@]/g, "\\$&");
}

/** For one line of a terminal: no control character gets through, so no escape sequence does. */
export function escapeTerminal(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\uFFFD");
}

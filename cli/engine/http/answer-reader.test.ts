/** Answers read off a connection: the same however their bytes are cut, and no garbage throws. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { AnswerReader, type Progress } from "./answer-reader.ts";

const MAX_BODY = 5_000;
const OK = "HTTP/1.1 200 OK\r\n";

interface Read {
  readonly progress: Progress;
  readonly status?: number | undefined;
  readonly retryAfter?: string | undefined;
  readonly text?: string;
  readonly reusable?: boolean;
  readonly idleMs?: number | undefined;
}

/** What comes of the bytes in those pieces; `closed`: the connection ends after them. */
function read(pieces: readonly Buffer[], closed = false): Read {
  // As on a real connection: one buffer for all reads, overwritten by the next.
  const shared = Buffer.alloc(65_536);
  const reader = new AnswerReader(MAX_BODY);
  reader.begin();
  let progress: Progress = "more";
  for (const piece of pieces) {
    shared.fill(0x2a);
    piece.copy(shared);
    // A whole head that an earlier read has left behind is no part of this one.
    shared.write("HTTP/1.1 500 Old\r\n\r\n", piece.length);
    progress = reader.take(shared, piece.length);
    if (progress !== "more") break;
  }
  if (progress === "more" && closed) progress = reader.end();
  shared.fill(0);
  const { head, text, reusable } = reader;
  if (progress !== "done") return { progress, status: head?.status };
  const { status, retryAfter, idleMs } = head!;
  return { progress, status, retryAfter, idleMs, text, reusable };
}

const whole = (text: string, closed = false) => read([Buffer.from(text, "utf8")], closed);

test("an answer with a length is its status, its body and a connection that can go on", () => {
  const answer = whole(`${OK}Content-LENGTH: 3\r\nRetry-After:  7 \r\nX: \r\n\r\n{"}`);
  const said = { status: 200, retryAfter: "7", idleMs: undefined, text: '{"}', reusable: true };
  assert.equal(answer, { progress: "done", ...said });
});

test("an answer without a body needs none: 204, 304, and a length of 0", () => {
  for (const head of ["204 No Content\r\n", "304\r\n", "201 \r\nContent-Length: 0\r\n"]) {
    const { progress, text, reusable } = whole(`HTTP/1.1 ${head}\r\n`);
    assert.equal([progress, text, reusable], ["done", "", true], head);
  }
  const odd = whole("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n");
  assert.equal([odd.progress, odd.reusable], ["done", false], "five bytes may still come");
});

test("interim answers are passed over, whatever number of them", () => {
  const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
  const { status, text } = whole(`${interim}${OK}content-length: 2\r\n\r\n{}`);
  assert.equal([status, text], [200, "{}"]);
  const upgrade = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n";
  assert.is(whole(upgrade).progress, "broken", "nobody asked for another protocol");
});

test("chunks are put together, with extensions, trailers and capital letters", () => {
  const chunks = '5;a="b"\r\n{"a":\r\n00A \r\n"0123456"}\r\n0\r\nExpires: never\r\nX: y\r\n\r\n';
  const { text, reusable } = whole(`${OK}Transfer-Encoding: Chunked\r\n\r\n${chunks}`);
  assert.equal([text, reusable], ['{"a":"0123456"}', true]);
});

test("a body without a length ends with the connection, and only that one does", () => {
  const { progress, text, reusable } = whole(`${OK}\r\n{"a":1}`, true);
  assert.equal([progress, text, reusable], ["done", '{"a":1}', false]);
  assert.is(whole(`${OK}\r\n`, true).text, "");
  assert.is(whole(`${OK}content-length: 9\r\n\r\n{"a":1}`, true).progress, "broken");
  assert.is(whole(`${OK}transfer-encoding: chunked\r\n\r\n1\r\na\r\n`, true).progress, "broken");
  assert.is(whole(OK, true).progress, "broken");
  assert.is(whole("", true).progress, "broken");
});

test("who says close, or is HTTP/1.0 and does not say keep-alive, is left after the answer", () => {
  const reusable = (version: string, field: string) =>
    whole(`HTTP/1.${version} 200 OK\r\n${field}content-length: 0\r\n\r\n`).reusable;
  assert.is(reusable("1", ""), true);
  assert.is(reusable("1", "Connection: Close\r\n"), false);
  assert.is(reusable("1", "connection: x\r\nConnection: y, close\r\n"), false);
  assert.is(reusable("0", ""), false);
  assert.is(reusable("0", "connection: Keep-Alive\r\n"), true);
  const hint = "Keep-Alive: max=3, timeout=5\r\ncontent-length: 0\r\n\r\n";
  assert.is(whole(`${OK}${hint}`).idleMs, 5_000);
});

test("more than was asked for spoils the connection, not the answer", () => {
  const { progress, text, reusable } = whole(`${OK}content-length: 2\r\n\r\n{}HTTP/1.1 200 OK`);
  assert.equal([progress, text, reusable], ["done", "{}", false]);
});

test("a value goes on in a line that begins with a blank, as it once did", () => {
  assert.is(
    whole(`${OK}x: a\r\n b\r\nRetry-After:\r\n\t 5\r\ncontent-length: 0\r\n\r\n`).retryAfter,
    "5",
  );
});

test("what is no answer, or one whose length is in doubt, is broken", () => {
  const heads = [
    ...["HTTP/2 200 OK\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n", "http/1.1 200 OK\r\n"],
    ...["HTTP/1.1 099 Odd\r\n", "\r\nHTTP/1.1 200 OK\r\n", "HTTP/1.1 200OK\r\n", "SSH-2.0-x\r\n"],
    ...[`${OK}no colon\r\n`, `${OK}: no name\r\n`, `${OK}a b: c\r\n`, `${OK}a : b\r\n`],
    ...[`${OK} folded: first\r\n`, `${OK}a: b\nc: d\r\n`, `${OK}a: b\rc\r\n`, `${OK}a: \0\r\n`],
    ...[`${OK}content-length: -1\r\n`, `${OK}content-length: 1, 1\r\n`, `${OK}content-length:\r\n`],
    ...[`${OK}content-length: 1\r\ncontent-length: 1\r\n`, `${OK}content-length: 0x1\r\n`],
    `${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n`,
    `${OK}x: ${"y".repeat(16_400)}\r\n`,
  ];
  for (const head of heads) assert.is(whole(`${head}\r\n`).progress, "broken", head.slice(0, 99));
  const chunked = [
    "\r\n",
    "x\r\n",
    "-1\r\n",
    "1\r\nab\r\n",
    "1\na",
    "111111111111\r\n",
    "1\r\na\n",
  ];
  for (const body of [...chunked, "0\r\n\0", "1;\n", `1;${"x".repeat(20_000)}`]) {
    const { progress } = whole(`${OK}transfer-encoding: chunked\r\n\r\n${body}`);
    assert.is(progress, "broken", body.slice(0, 99));
  }
  assert.is(whole("x".repeat(16_400)).progress, "broken", "a head without an end");
});

test("a body that is too long is not read to its end, however it is framed", () => {
  const long = "x".repeat(MAX_BODY + 1);
  const framed = [
    `content-length: ${long.length}\r\n\r\n${long}`,
    `\r\n${long}`,
    `transfer-encoding: chunked\r\n\r\nfff\r\n${long.slice(0, 4_095)}\r\nfff\r\n${long}`,
  ];
  for (const rest of framed) {
    assert.equal(whole(`${OK}${rest}`), { progress: "too-long", status: 200 });
  }
});

/** Whole answers of every kind, some of them with too much after them. */
const answers: fc.Arbitrary<{ bytes: Buffer; closed: boolean }> = fc
  .record({
    interim: fc.constantFrom("", "HTTP/1.1 100 Continue\r\n\r\n"),
    status: fc.constantFrom(200, 201, 204, 404, 503),
    framing: fc.constantFrom("length", "chunks", "close"),
    body: fc.string({ unit: "binary", maxLength: 300 }),
    cuts: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }),
    excess: fc.constantFrom("", "", "H"),
  })
  .map(({ interim, status, framing, body, cuts, excess }) => {
    const bytes = Buffer.from(status === 204 ? "" : body, "utf8");
    const head = `${interim}HTTP/1.1 ${status} Said\r\nkeep-alive: timeout=9\r\n`;
    const parts: Buffer[] = [Buffer.from(head)];
    if (status === 204) parts.push(Buffer.from("\r\n"));
    else if (framing === "close") parts.push(Buffer.from("\r\n"), bytes);
    else if (framing === "length") {
      parts.push(Buffer.from(`content-length: ${bytes.length}\r\n\r\n`), bytes);
    } else {
      parts.push(Buffer.from("transfer-encoding: chunked\r\n\r\n"), chunked(bytes, cuts));
    }
    const closed = framing === "close" && status !== 204;
    if (!closed) parts.push(Buffer.from(excess));
    return { bytes: Buffer.concat(parts), closed };
  });

function chunked(bytes: Buffer, cuts: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const size of [...cuts, bytes.length]) {
    const part = bytes.subarray(at, at + size);
    if (part.length === 0) break;
    const line = `${part.length.toString(16)}\r\n`;
    parts.push(Buffer.from(line), part, Buffer.from("\r\n"));
    at += size;
  }
  return Buffer.concat([...parts, Buffer.from("0\r\nt: 1\r\n\r\n")]);
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length]!;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Where too much comes in a read of its own, the answer is done before it is seen. */
const withoutExcess = ({ reusable: _, ...rest }: Read) => rest;

test("an answer is the same in one piece, byte by byte, and cut anywhere", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(answers, sizes, ({ bytes, closed }, some) => {
      const once = read([bytes], closed);
      assert.is(once.progress, "done");
      for (const each of [[1], some]) {
        assert.equal(withoutExcess(read(cut(bytes, each), closed)), withoutExcess(once));
      }
    }),
    { numRuns: 500 },
  );
});

test("garbage never throws, and never is an answer twice as long as it is", () => {
  const mess = fc
    .tuple(answers, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }))
    .map(([{ bytes }, changes]) => {
      const changed = Buffer.from(bytes);
      for (const [at, byte] of changes) changed[at % changed.length] = byte;
      return changed;
    });
  const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(mess, noise), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
      const once = read([bytes], true);
      const inPieces = read(cut(bytes, [size]), true);
      assert.equal(withoutExcess(inPieces), withoutExcess(once));
      assert.ok((once.text?.length ?? 0) <= bytes.length);
    }),
    { numRuns: 2_000 },
  );
});

test("a head like the last one is known by all of its bytes, those that have come", () => {
  const answer = `${OK}content-length: 2\r\n\r\nok`;
  assert.is(whole(answer).text, "ok");
  assert.is(whole(answer).text, "ok");
  const other = whole(answer.replace("200 OK", "409 NO"));
  assert.is(other.status, 409);
  assert.is(whole(`${OK}content-length: 3\r\n\r\nyes`).text, "yes");
  assert.is(whole(answer).text, "ok");
  // The bytes behind a first half are an earlier read's, and would make it whole.
  const reader = new AnswerReader(MAX_BODY);
  reader.begin();
  const buffer = Buffer.from(answer);
  const half = OK.length + 5;
  assert.is(reader.take(buffer, half), "more");
  assert.is(reader.head, undefined);
  assert.is(reader.take(buffer.subarray(half), buffer.length - half), "done");
  assert.equal([reader.head?.status, reader.text, reader.reusable], [200, "ok", true]);
});

test("a known head with its body behind it, and more than was asked for", () => {
  const answer = `${OK}content-length: 2\r\n\r\nok`;
  whole(answer);
  assert.is(whole(`${answer}${answer}`).reusable, false);
});

test.run();

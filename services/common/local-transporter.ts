/**
 * Lets a second process of the same user (the REPL) join the broker of an embedded stack, where no
 * NATS is: a Moleculer transporter over a Unix socket in the data folder. The stack's process is
 * the hub; what one member sends, every other one gets, and each picks the topics it asked for.
 */
import { chmod, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { Transporters } from "moleculer";

/** sun_path holds 108 bytes with its end; longer paths cannot be sockets. */
export const LONGEST_SOCKET_PATH = 104;
/** A frame beyond this is no frame of ours. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const HEAD_BYTES = 6;

/** Length of the rest (4 bytes), length of the topic (2 bytes), topic, data. */
export function frame(topic: string, data: Buffer): Buffer {
  const name = Buffer.from(topic);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(2 + name.length + data.length, 0);
  head.writeUInt16BE(name.length, 4);
  return Buffer.concat([head, name, data]);
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws Error on bytes that cannot be ours; the connection is of no use then. */
  *take(chunk: Buffer): Generator<{ readonly topic: string; readonly data: Buffer }> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= HEAD_BYTES) {
      const length = this.#rest.readUInt32BE(0);
      if (length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes`);
      if (this.#rest.length < 4 + length) return;
      const topicEnd = HEAD_BYTES + this.#rest.readUInt16BE(4);
      const topic = this.#rest.toString("utf8", HEAD_BYTES, topicEnd);
      const data = this.#rest.subarray(topicEnd, 4 + length);
      this.#rest = this.#rest.subarray(4 + length);
      yield { topic, data };
    }
  }
}

export interface LocalTransporterOptions {
  readonly path: string;
  readonly role: "hub" | "member";
}

export class LocalTransporter extends Transporters.Base {
  readonly #path: string;
  readonly #role: LocalTransporterOptions["role"];
  readonly #topics = new Map<string, string>();
  readonly #peers = new Set<Socket>();
  #server: Server | undefined;

  constructor(options: LocalTransporterOptions) {
    super({ ...options });
    this.#path = options.path;
    this.#role = options.role;
    // Balancing is left to the brokers: each call goes to a node by name.
    this.hasBuiltInBalancer = false;
  }

  override async connect(): Promise<void> {
    if (this.#role === "hub") await this.#listen();
    else this.#join(await this.#dial());
    await this.onConnected();
  }

  override async disconnect(): Promise<void> {
    this.connected = false;
    for (const peer of this.#peers) peer.end();
    this.#peers.clear();
    if (!this.#server) return;
    await new Promise((resolve) => this.#server?.close(resolve));
    await rm(this.#path, { force: true });
  }

  override async subscribe(command: string, nodeId?: string): Promise<void> {
    this.#topics.set(this.getTopicName(command, nodeId), command);
  }

  override async subscribeBalancedRequest(): Promise<void> {}

  override async subscribeBalancedEvent(): Promise<void> {}

  override async send(topic: string, data: Buffer): Promise<void> {
    const bytes = frame(topic, data);
    for (const peer of this.#peers) peer.write(bytes);
  }

  async #listen(): Promise<void> {
    // Left by a killed process; the data folder's lock says that it is ours now.
    await rm(this.#path, { force: true });
    const server = createServer((socket) => this.#join(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#path, resolve);
    });
    // A REPL may do anything a service may.
    await chmod(this.#path, 0o600);
    this.#server = server;
  }

  #dial(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#path, () => resolve(socket));
      socket.once("error", reject);
    });
  }

  #join(socket: Socket): void {
    const reader = new FrameReader();
    this.#peers.add(socket);
    socket.on("close", () => this.#peers.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const { topic, data } of reader.take(chunk)) this.#arrived(socket, topic, data);
      } catch {
        socket.destroy();
      }
    });
  }

  #arrived(from: Socket, topic: string, data: Buffer): void {
    const command = this.#topics.get(topic);
    if (command) void this.receive(command, data);
    if (this.#role !== "hub") return;
    const bytes = frame(topic, data);
    for (const peer of this.#peers) if (peer !== from) peer.write(bytes);
  }
}

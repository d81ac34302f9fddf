/**
 * Composes one frame: which panels fit the terminal, in which columns, as painted lines. Pure.
 *
 *   ReserveX  ● selling  ❚❚ arrivals paused  ▲ chaos on, 3 faults      12.3 s  eta 21 s
 *   ████████████████████████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  41 %
 *   [0 overview]1 line 2 admissions 3 stock 4 saga 5 latency 6 errors 7 tester
 *   the page: for 0 all panels, the important ones first; else one subject in full
 *   PROMISES none broken so far  › the latest news; what is certainly broken, with evidence
 *   p pause · +/− limit · c chaos · 0-7 ←→ pages · ? help · q stops
 *
 * The overview fits 80 × 24; the least is 40 × 10. Signs, words and brackets say whatever colours
 * say. Lines are cut, never wrapped: numbers that do not fit are told in k and M.
 */
import type { Snapshot } from "../engine/snapshot.ts";
import { fitLine, type Line, paintLine } from "./line.ts";
import { admissionsPage } from "./pages/admissions-page.ts";
import { errorsPage } from "./pages/errors-page.ts";
import { helpPage } from "./pages/help-page.ts";
import { latencyPage } from "./pages/latency-page.ts";
import { linePage } from "./pages/line-page.ts";
import type { Page } from "./pages/page.ts";
import { sagaPage } from "./pages/saga-page.ts";
import { stockPage } from "./pages/stock-page.ts";
import { testerPage } from "./pages/tester-page.ts";
import { bookingsPanel, clientsPanel } from "./panels/clients.ts";
import { errorsPanel } from "./panels/errors.ts";
import { footer, keyLine } from "./panels/footer.ts";
import { header } from "./panels/header.ts";
import { latencyPanel } from "./panels/latency.ts";
import type { Panel } from "./panels/panel.ts";
import { stockPanel } from "./panels/stock.ts";
import { testerPanel } from "./panels/tester.ts";
import { type Detail, verdictsPanel } from "./panels/verdicts.ts";
import { waitingRoomPanel } from "./panels/waiting-room.ts";
import { type Tab, tabBar } from "./tabs.ts";

export interface View {
  /** Cells across. */
  readonly columns: number;
  /** Lines that the frame may take at most; Infinity for a frame that nobody scrolls away. */
  readonly rows: number;
  readonly color: boolean;
  /** What the keys do, "" for nothing. */
  readonly hint: string;
  /** Why the last key did nothing, "" where it did. */
  readonly reply?: string;
  /** Absent where nobody can turn pages: the overview, without a bar of tabs. */
  readonly page?: { readonly tab: Tab; readonly help: boolean };
}

/** A frame from top to bottom: head, panels in columns side by side, foot. Painted lines, each at
 * most as wide as its place. */
export interface Frame {
  readonly head: readonly string[];
  readonly columns: readonly { readonly width: number; readonly lines: readonly string[] }[];
  readonly foot: readonly string[];
}

/** Blanks between two columns of panels. */
export const GUTTER = 2;
/** Below these widths a panel would be narrower than 39 and 49 cells. */
const TWO_COLUMNS_FROM = 80;
const THREE_COLUMNS_FROM = 151;
/** Lines are no wider, however wide the terminal: eyes have to find the end of a row. */
const MAX_WIDTH = 200;

export function composeFrame(snapshot: Snapshot, view: View): Frame {
  const width = Math.max(1, Math.min(MAX_WIDTH, Math.floor(view.columns)));
  const paint = (lines: readonly Line[]): string[] =>
    lines.map((line) => paintLine(fitLine(line, width), view.color));
  const keys = keyLine({ hint: view.hint, reply: view.reply ?? "" }, width);
  const head = [...header(snapshot, width), ...(view.page ? [tabBar(view.page.tab, width)] : [])];
  // Where there is hardly room for the promises, their lines matter more than the news.
  const cramped = view.rows < CRAMPED_ROWS && snapshot.verdicts.length > 0;
  const news = cramped ? [] : footer(snapshot, width);
  const room = Math.max(0, view.rows - head.length - news.length - keys.length);
  const verdicts = verdictLines(snapshot, width, room);
  const below = [verdicts, news].filter((lines) => lines.length > 0);
  const columns = bodyColumns(snapshot, view, width, room - verdicts.length, below.length);
  const foot = below.flatMap((lines) => (columns.blanks ? [BLANK, ...lines] : lines));
  // The keys keep their place at the bottom; on the shortest screens the rest gives way.
  const top = head.slice(0, Math.max(0, view.rows - keys.length));
  const middle = columns.stacks.reduce((most, lines) => Math.max(most, lines.length), 0);
  const left = view.rows - top.length - middle - keys.length;
  return {
    head: paint(top),
    columns: columns.stacks.map((lines) => ({ width: columns.width, lines: paint(lines) })),
    foot: paint([...foot.slice(0, Math.max(0, left)), ...keys].slice(0, view.rows)),
  };
}

const PAGES: Readonly<Record<Exclude<Tab, "overview">, Page>> = {
  line: linePage,
  admissions: admissionsPage,
  stock: stockPage,
  saga: sagaPage,
  latency: latencyPage,
  errors: errorsPage,
  tester: testerPage,
};

function bodyColumns(
  snapshot: Snapshot,
  { page }: View,
  width: number,
  room: number,
  below: number,
): Columns {
  if (page === undefined || (!page.help && page.tab === "overview")) {
    return panelColumns(snapshot, width, room, below);
  }
  const make = page.help || page.tab === "overview" ? helpPage : PAGES[page.tab];
  // A blank line above, wherever the screen is not tiny: pages stand at one height.
  const blanks = room >= ROOMY;
  const spare = Math.max(0, room - below - (blanks ? 1 : 0));
  const lines = make(snapshot, width, spare).slice(0, spare);
  return { width, stacks: [blanks ? [BLANK, ...lines] : lines], blanks };
}

const CRAMPED_ROWS = 14;
const ROOMY = 14;
const BLANK: Line = [];

/** The verdicts in as much detail as the room allows; they matter more than any panel, but all
 * the reasons of kept promises only if half of the room is left. */
function verdictLines({ verdicts }: Snapshot, width: number, room: number): readonly Line[] {
  if (verdicts.length === 0) return [];
  const details: readonly (readonly [detail: Detail, most: number])[] = [
    ["full", room / 2],
    ["worst", room - 1],
    ["short", room - 1],
  ];
  for (const [detail, most] of details) {
    const { lines } = verdictsPanel(verdicts, width, detail);
    if (lines.length <= most) return lines;
  }
  return verdictsPanel(verdicts, width, "bare").lines.slice(0, Math.max(0, room));
}

interface Columns {
  readonly width: number;
  readonly stacks: readonly (readonly Line[])[];
  /** Whether there is room for a blank line above each panel and each part below the panels. */
  readonly blanks: boolean;
}

function panelColumns(snapshot: Snapshot, total: number, room: number, below: number): Columns {
  const places = arrangement(total);
  const width = Math.floor((total - GUTTER * (places.length - 1)) / places.length);
  const chosen = places.map((panels) =>
    fittingPanels(
      panels.map((make) => make(snapshot, width)),
      room,
    ),
  );
  const blanks = chosen.every((panels) => heightOf(panels) + panels.length + below <= room);
  const stacks = chosen.map((panels) =>
    panels.flatMap(({ lines }) => (blanks ? [BLANK, ...lines] : lines)),
  );
  return { width, stacks, blanks };
}

type MakePanel = (snapshot: Snapshot, width: number) => Panel;

/** Which panels stand in which column, from top to bottom. */
function arrangement(total: number): readonly (readonly MakePanel[])[] {
  if (total >= THREE_COLUMNS_FROM) {
    return [
      [waitingRoomPanel, clientsPanel, bookingsPanel],
      [stockPanel, errorsPanel],
      [latencyPanel, testerPanel],
    ];
  }
  if (total >= TWO_COLUMNS_FROM) {
    return [
      [waitingRoomPanel, clientsPanel, bookingsPanel, testerPanel],
      [stockPanel, latencyPanel, errorsPanel],
    ];
  }
  return [
    [
      waitingRoomPanel,
      stockPanel,
      clientsPanel,
      bookingsPanel,
      latencyPanel,
      errorsPanel,
      testerPanel,
    ],
  ];
}

/** The most important panels that fit in `room` lines, in their usual order: none moves about. */
function fittingPanels(panels: readonly Panel[], room: number): Panel[] {
  const chosen = new Set<Panel>();
  for (const panel of panels.toSorted((a, b) => a.rank - b.rank)) {
    if (heightOf([...chosen, panel]) <= room) chosen.add(panel);
  }
  return panels.filter((panel) => chosen.has(panel));
}

function heightOf(panels: readonly Panel[]): number {
  return panels.reduce((height, { lines }) => height + lines.length, 0);
}

/** How the command line becomes an administrator. */
import { AdminClient, TargetError } from "../engine/admin-client.ts";

/** What the services would answer to each call of somebody who is none. */
const FORBIDDEN = 403;

/** An administrator's token, from an e-mail and a password. */
export async function logIn(accountUrl: string, email: string, password: string): Promise<string> {
  const client = new AdminClient(accountUrl, "");
  try {
    const body = { email, password };
    const answer = await client.call({ method: "POST", path: "/api/auth/login", body });
    const session = answer as { accessToken?: unknown; role?: unknown };
    if (typeof session.accessToken !== "string")
      throw new TargetError("refused", "no token came back");
    if (session.role !== "ADMIN") {
      throw new TargetError("refused", `${email} is no administrator`, FORBIDDEN);
    }
    return session.accessToken;
  } finally {
    await client.close();
  }
}

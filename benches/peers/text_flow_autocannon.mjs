// The text-message flow for autocannon: the same five requests as proofup's `enrollText`, the gateway in this process.
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
const require = createRequire(process.env.AUTOCANNON_FROM + "/");
const autocannon = require("autocannon");

const setting = JSON.parse(fs.readFileSync(process.env.PROOFUP_LOAD_SETTING, "utf8"));
const codes = new Map();
const rested = setting.accounts;
let flows = 0;
let failed = 0;
// From the beginning of the first flow after the warm-up to the last flow's end: wall time and processor time.
let begun;
let first;
let last;
const instant = () => ({ at: performance.now(), used: process.cpuUsage() });
const processor = ({ used }) => (used.user + used.system) / 1e6;

const [host, port] = setting.gateway.split(":");
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    codes.set(JSON.parse(body).to, /\b(\d{6})\b/.exec(body)[1]);
    response.writeHead(202, { "content-type": "application/json" });
    response.end('{"id":"1"}');
  });
});
server.listen(Number(port), host);

// New ones each time: autocannon writes the length of the body into them.
const json = () => ({ "content-type": "application/json" });
const authorized = (context) => ({ ...json(), authorization: `Bearer ${context.token}` });
const next = (context) => {
  begun ??= performance.now();
  context.counts = performance.now() - begun >= setting.warmUpSeconds * 1e3;
  if (context.counts) first ??= instant();
  const account = rested.shift();
  rested.push(account);
  // A closed loop of sixteen and thousands of accounts: who comes round again has rested, or the flow fails and is told.
  context.account = account;
};

const load = autocannon({
  url: setting.base,
  connections: setting.users,
  duration: setting.seconds,
  requests: [
    {
      method: "POST",
      path: "/v1/sessions",
      setupRequest: (request, context) => {
        next(context);
        const { user, password, tenant } = context.account;
        return { ...request, headers: json(), body: JSON.stringify({ userPrincipalName: user, password, tenant }) };
      },
      onResponse: (status, body, context) => (context.token = status === 201 ? JSON.parse(body).token : undefined),
    },
    {
      method: "POST",
      path: "/v1/enrollments",
      setupRequest: (request, context) => ({
        ...request,
        headers: authorized(context),
        body: JSON.stringify({
          method: "mobilePhone",
          phone: { region: "NL", number: context.account.typed },
          kind: "textMessage",
        }),
      }),
      onResponse: (status, body, context) => (context.setup = status === 201 ? JSON.parse(body).id : "none"),
    },
    {
      method: "POST",
      setupRequest: (request, context) => ({
        ...request,
        path: `/v1/enrollments/${context.setup}/verification`,
        headers: authorized(context),
        body: JSON.stringify({ code: codes.get(context.account.e164) }),
      }),
      onResponse: (status, body, context) => {
        const told = status === 200 ? JSON.parse(body) : {};
        context.method = told.methodId ?? "none";
        if (context.counts) {
          told.state === "verified" ? flows++ : failed++;
          last = instant();
        }
      },
    },
    {
      method: "DELETE",
      setupRequest: (request, context) => ({
        ...request,
        path: `/v1/methods/${context.method}`,
        headers: authorized(context),
      }),
    },
    {
      method: "DELETE",
      path: "/v1/sessions/current",
      setupRequest: (request, context) => ({ ...request, headers: authorized(context) }),
    },
  ],
});
await load;
const seconds = last ? (last.at - first.at) / 1e3 : 0;
const cpuSeconds = last ? processor(last) - processor(first) : 0;
console.log(JSON.stringify({ flows, failed, seconds, cpuSeconds }));
process.exit(0);

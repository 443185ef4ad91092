// A visit by fhir-kit-client: what an integration engineer does on the first day.
//   node kit.mjs BASE_URL [TOKEN]     prints what came back as JSON
import { Client } from "fhir-kit-client";

const [baseUrl, token] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken: token });
const number = `KIT-${crypto.randomUUID()}`;
const patient = {
  resourceType: "Patient",
  gender: "female",
  identifier: [{ system: "http://hospital.example/mrn", value: number }],
};
const seen = {};

seen.fhirVersion = (await client.capabilityStatement()).fhirVersion;
const created = await client.create({ resourceType: "Patient", body: patient });
const id = created.id;
seen.identifier = created.identifier[0].value === number;
seen.read = (await client.read({ resourceType: "Patient", id })).gender;
seen.updated = (
  await client.update({ resourceType: "Patient", id, body: { ...created, gender: "other" } })
).meta.versionId;
seen.first = (await client.vread({ resourceType: "Patient", id, version: "1" })).gender;
seen.patched = (
  await client.patch({
    resourceType: "Patient",
    id,
    jsonPatch: [{ op: "replace", path: "/gender", value: "male" }],
  })
).gender;
const observation = (code) => ({
  request: { method: "POST", url: "Observation" },
  resource: {
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ system: "http://loinc.org", code }] },
    subject: { reference: `Patient/${id}` },
    effectiveDateTime: "2024-02-29T10:00:00Z",
  },
});
const bundle = (type, entry) => ({ resourceType: "Bundle", type, entry });
const stored = await client.transaction({
  body: bundle("transaction", ["8310-5", "8867-4", "9279-1"].map(observation)),
});
seen.transaction = stored.entry.map((entry) => entry.response.status.slice(0, 3));
const batch = await client.batch({
  body: bundle("batch", [{ request: { method: "GET", url: `Patient/${id}` } }]),
});
seen.batch = batch.entry[0].resource.id === id;
let page = await client.search({
  resourceType: "Observation",
  searchParams: { patient: id, date: "ge2024-02-01", _count: 2, _sort: "-date" },
});
seen.pages = [page.entry.length];
while ((page = await client.nextPage({ bundle: page }))) seen.pages.push(page.entry.length);
const included = await client.search({
  resourceType: "Observation",
  searchParams: { code: "http://loinc.org|8310-5", patient: id, _include: "Observation:subject" },
});
seen.modes = included.entry.map((entry) => entry.search.mode);
const byIdentifier = await client.search({
  resourceType: "Patient",
  searchParams: { identifier: `http://hospital.example/mrn|${number}` },
});
seen.byIdentifier = byIdentifier.entry.map((entry) => entry.resource.id === id);
const everything = await client.request(`Patient/${id}/$everything`);
seen.everything = everything.entry.length;
seen.history = (await client.resourceHistory({ resourceType: "Patient", id })).entry.length;
await client.delete({ resourceType: "Patient", id });
seen.gone = await client.read({ resourceType: "Patient", id }).catch((error) => error.response.status);
seen.unknown = await client
  .search({ resourceType: "Patient", searchParams: { favourite: "x" } })
  .catch((error) => error.response.data.resourceType);
console.log(JSON.stringify(seen));

export const claims = `-- Who holds the claim of a request, or held it when it was answered. Null: no claim was made, or by a replica of before.
alter table heddle.requests add column holder uuid;
`;

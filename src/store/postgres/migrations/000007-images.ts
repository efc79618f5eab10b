export const images = `-- Images that are too large for the rows of a conversation, once for each tenant. stored_at: when the image
-- was last stored or put to use.
create table heddle.images (
  size integer not null,
  stored_at timestamptz not null default now(),
  tenant text collate "C" not null,
  sha256 text collate "C" not null,
  media_type text not null,
  bytes bytea not null,
  primary key (tenant, sha256)
);
-- Images are packed already.
alter table heddle.images alter column bytes set storage external;
create index images_stored_at on heddle.images (stored_at);

-- Which runs use which images. Without a foreign key: a turn does not fail because an image is gone.
create table heddle.run_images (
  run_id uuid not null,
  tenant text collate "C" not null,
  sha256 text collate "C" not null,
  primary key (tenant, run_id, sha256)
);
create index run_images_image on heddle.run_images (tenant, sha256);
`;

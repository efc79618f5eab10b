// one-off: random kills of starters and postmasters in one directory
import { spawn } from 'node:child_process';
import { readFileSync, mkdirSync, chmodSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres, stopEmbeddedPostgres } from './src/store/embedded/embedded-postgres.ts';
const directory = '/tmp/pgtry/chaos'; mkdirSync(directory,{recursive:true}); chmodSync(directory,0o755);
const settings={shared_buffers:'16MB'};
const seconds=Number(process.argv[2]??60);
const s0 = await startEmbeddedPostgres({directory,settings}); 
const c0=new pg.Client({connectionString:s0.databaseUrl}); await c0.connect(); await c0.query('create table if not exists t(n int primary key)'); await c0.end(); await s0.close();
let acked:number[]=[]; let fails:string[]=[]; let starts=0, kills=0, pmkills=0, maxpm=0; const origins:Record<string,number>={}; let lat:number[]=[];
const end=Date.now()+seconds*1000; let n=0;
function postmasters(){ let k=0; for (const p of readdirSync('/proc')) if(/^\d+$/.test(p)) { try { const c=readFileSync(`/proc/${p}/cmdline`,'utf8'); if (c.includes('postgres\0-D\0data\0') && !/ Z /.test(readFileSync(`/proc/${p}/stat`,'utf8'))) { if (readlinkSync(`/proc/${p}/cwd`)!==directory+'/postgres/data') continue; const pp=readFileSync(`/proc/${p}/stat`,'utf8').split(') ').pop()!.split(' ')[1]; if (readFileSync(`/proc/${pp}/comm`,'utf8').startsWith('postgres')) continue; k++; } } catch {} } return k; }
async function lane(){ while(Date.now()<end){
  const child=spawn(process.execPath,['--import','tsx','test/store/embedded/starter.ts',JSON.stringify({directory,settings})],{stdio:['pipe','pipe','inherit']});
  let buf=''; child.stdout.on('data',d=>buf+=d); const exit=new Promise(r=>child.once('exit',r)); const t=Date.now();
  const mode=Math.random();
  if (mode<0.3) { await sleep(500+Math.random()*1500); child.kill('SIGKILL'); kills++; await exit; continue; }
  while(!buf.includes('\n') && child.exitCode===null && child.signalCode===null) await sleep(10);
  starts++; lat.push(Date.now()-t);
  const r=JSON.parse(buf.split('\n')[0]||'{"failed":"nothing"}');
  if (r.failed) { fails.push(JSON.stringify(r.failed).slice(0,600)); await exit; continue; }
  origins[r.origin]=(origins[r.origin]??0)+1;
  try { const c=new pg.Client({connectionString:r.databaseUrl}); c.on('error',()=>{}); await c.connect(); for(let i=0;i<5;i++){const m=++n; await c.query('insert into t values($1)',[m]); acked.push(m);} await c.end(); } catch(e:any) { if(!pmWindow()) fails.push('query '+e.message+' '+e.code); }
  if (mode<0.5) { child.kill('SIGKILL'); kills++; } else child.stdin.end();
  await exit;
}}
let lastPm=0; const pmWindow=()=>Date.now()-lastPm<3000;
async function reaper(){ while(Date.now()<end){ await sleep(2500+Math.random()*3000); maxpm=Math.max(maxpm,postmasters()); try { const pid=Number.parseInt(readFileSync(directory+'/postgres/data/postmaster.pid','utf8')); lastPm=Date.now(); process.kill(pid,'SIGKILL'); pmkills++; } catch{} } }
await Promise.all([lane(),lane(),lane(),reaper()]);
const s = await startEmbeddedPostgres({directory,settings}); 
const c=new pg.Client({connectionString:s.databaseUrl}); await c.connect(); const got=new Set((await c.query('select n from t')).rows.map(r=>r.n)); await c.end(); await s.close();
lat.sort((a,b)=>a-b);
console.log({starts,kills,pmkills,origins,maxpm,acked:acked.length,lost:acked.filter(x=>!got.has(x)).length,fails, p50:lat[lat.length>>1], max:lat.at(-1), left: await stopEmbeddedPostgres({directory}), names: readdirSync(directory), home: readdirSync(directory+'/postgres'), users: readdirSync(directory+'/users').length});

//! The log as any script would read it: files in order, a JSON object a line.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

/// The records of a plan, up to the last line end.
pub(crate) struct Records(pub(crate) Vec<Value>);

impl Records {
    pub(crate) fn read(log: &Path) -> Records {
        Records::each(log, |line| {
            serde_json::from_slice(line)
                .map_err(|error| panic!("{error}: {}", String::from_utf8_lossy(line)))
                .ok()
        })
    }

    /// Those that are records at all.
    pub(crate) fn readable(log: &Path) -> Records {
        Records::each(log, |line| serde_json::from_slice(line).ok())
    }

    fn each(log: &Path, parse: impl Fn(&[u8]) -> Option<Value>) -> Records {
        let mut records = Vec::new();
        for segment in segments(log) {
            let bytes = content(&segment).unwrap_or_default();
            let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            let lines = bytes[..whole].split(|&byte| byte == b'\n');
            records.extend(lines.filter(|line| !line.is_empty()).filter_map(&parse));
        }
        Records(records)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn last_seq(&self) -> u64 {
        self.0.last().and_then(|record| record["seq"].as_u64()).unwrap_or(0)
    }

    /// The events of this kind.
    pub(crate) fn events(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|record| record["event"] == kind).collect()
    }

    /// The bytes of one stream of one run.
    pub(crate) fn bytes(&self, run: u64, stream: &str) -> Vec<u8> {
        let of = |record: &&Value| record["run"] == run && record["stream"] == stream;
        self.0.iter().filter(of).flat_map(original).collect()
    }
}

/// The bytes of a segment, unpacked if it is, or has become, a compressed one.
pub(crate) fn content(segment: &Path) -> std::io::Result<Vec<u8>> {
    let twin = segment.with_extension("jsonl.zst");
    match std::fs::read(segment) {
        Ok(packed) if segment.extension().is_some_and(|extension| extension == "zst") => {
            zstd::decode_all(packed.as_slice())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && twin.exists() => {
            zstd::decode_all(std::fs::File::open(twin)?)
        }
        read => read,
    }
}

/// The segments in order of their first record, plain where there is a choice.
pub(crate) fn segments(log: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(log).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries.map(|entry| entry.path()).collect();
    found.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with('.') && (name.ends_with(".jsonl") || name.ends_with(".jsonl.zst"))
    });
    found.sort();
    let first =
        |path: &PathBuf| path.file_name().map(|name| name.as_encoded_bytes()[..18].to_vec());
    found.dedup_by_key(|path| first(path));
    found
}

/// The very bytes of the line that this record keeps, line end included.
pub(crate) fn original(record: &Value) -> Vec<u8> {
    let mut bytes = match record["raw"].as_str() {
        Some(raw) => BASE64.decode(raw).expect("raw is base64"),
        None => record["msg"].as_str().expect("msg is a text").as_bytes().to_vec(),
    };
    bytes.extend_from_slice(match record["eol"].as_str() {
        None => b"\n",
        Some("none" | "part") => b"",
        Some("cr") => b"\r",
        Some("crlf") => b"\r\n",
        Some(other) => panic!("no such line end: {other}"),
    });
    bytes
}

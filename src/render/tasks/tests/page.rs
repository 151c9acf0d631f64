//! The page: small, whole in itself, and deaf to what a plan calls its tasks.

use regex::Regex;

use super::limits::hostile;
use super::*;

fn page_of(table: &TaskTable, excerpts: &[Excerpt]) -> String {
    let names = Names::new(table);
    let now = Stamp(300_000_000);
    page(&Scene { plan: "cafe", run: &running(), table, names: &names, left: None, now }, excerpts)
}

/// The data as the page's script reads it.
fn data(page: &str) -> serde_json::Value {
    let (_, after) = page.split_once("id=\"data\">").unwrap();
    let (data, _) = after.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

#[test]
fn nothing_on_the_page_comes_from_elsewhere() {
    let page = page_of(&at_work(), &[]);
    let address = Regex::new(r#"(?i)\b(src|href|url|import|fetch|action)\b\s*[=(]"#).unwrap();
    assert!(!address.is_match(&page), "{:?}", address.find(&page));
    let elsewhere: Vec<&str> =
        page.match_indices("http").map(|(at, _)| &page[at..(at + 40).min(page.len())]).collect();
    assert!(
        elsewhere
            .iter()
            .all(|text| text.starts_with("http-equiv")
                || text.starts_with("http://www.w3.org/2000/svg")),
        "{elsewhere:?}"
    );
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("prefers-color-scheme:dark"));
}

#[test]
fn names_and_lines_of_a_log_never_become_markup() {
    let evil =
        "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> {{script}} & \" '";
    let mut table = hostile();
    for task in &mut table.tasks {
        task.name.push_str(evil);
        task.family.push_str(evil);
        task.error = Some(evil.to_owned());
    }
    let excerpt = Excerpt {
        task: evil.to_owned(),
        error: Some(evil.to_owned()),
        lines: vec![evil.to_owned(), "\u{1b}[31mred\u{2028}".to_owned()],
        more: String::new(),
    };
    let (friendly, page) =
        (page_of(&at_work(), &[]), page_of(&table, std::slice::from_ref(&excerpt)));
    for mark in ["<script", "</script", "<img", "<!--"] {
        let count = |page: &str| page.matches(mark).count();
        assert_eq!(count(&page), count(&friendly), "{mark}");
    }
    // And yet the script gets it whole.
    let data = data(&page);
    assert_eq!(data["excerpts"][0]["lines"][0], evil);
    assert_eq!(data["tasks"][0]["e"], evil);
    assert_eq!(data["tasks"].as_array().unwrap().len(), table.tasks.len());
}

#[test]
fn a_page_of_63_tasks_is_small() {
    let mut build = Build::new();
    for n in 0..63_u32 {
        let name = format!(
            "ExecutiveSummaryTask{n}(run_id_dir=/srv/planexe/run/20261123_dublin_cafe, speed=all_details, models=[\"a\", \"b\"])"
        );
        let requires: Vec<u32> = (n.saturating_sub(7)..n).collect();
        build = build.done(&name, &requires, f64::from(n), f64::from(n) + 1.5);
    }
    let page = page_of(&build.table(), &[]);
    assert!(page.len() < 100_000, "{}", page.len());
    assert!(data(&page)["path"].as_array().unwrap().len() > 10);
}

#[test]
fn without_scripts_the_timeline_is_there_as_text() {
    let page = page_of(&at_work(), &[]);
    let (_, after) = page.split_once("<noscript><pre>").unwrap();
    assert!(after.split_once("</pre>").unwrap().0.contains("┣━"), "{page}");
}

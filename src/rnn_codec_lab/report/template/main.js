// The entry point of the page; page.py writes `data`.

const data = JSON.parse(byId("data").textContent);
byId("lead").textContent = data.lead;
drawCurves(data);
startViewer(data.viewer);
startTable(data.table);
byId("footer").append(...data.footer.map((line) => element("p", { textContent: line })));
document.documentElement.dataset.ready = "true";

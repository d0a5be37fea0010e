from report import Report
async def run(endpoint):
    return Report("coverage")

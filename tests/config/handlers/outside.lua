local file = io.open("/etc/passwd")
function resolve(key, versions) return "x" end

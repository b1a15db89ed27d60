-- The longest value; of equals the newest.
function resolve(key, versions)
  local best = versions[1].value or ""
  for _, version in ipairs(versions) do
    if version.value and #version.value > #best then best = version.value end
  end
  return best
end

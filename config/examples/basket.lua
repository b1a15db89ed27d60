-- A handler for `rule: custom` (docs/conflict-rules.md): a basket is a line of words. Nothing that either side put into it is lost.
function resolve(key, versions)
  local goods, list = {}, {}
  for _, version in ipairs(versions) do
    for word in (version.value or ""):gmatch("%S+") do
      goods[word] = true
    end
  end
  for word in pairs(goods) do
    list[#list + 1] = word
  end
  return table.concat(list, " ")
end

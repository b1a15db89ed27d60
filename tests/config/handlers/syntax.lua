function resolve(key, versions)
  return = 1
end

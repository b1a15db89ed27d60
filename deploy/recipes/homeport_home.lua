-- For haproxy.cfg: puts the home of the user txn.user into txn.home; nothing where it is not known. Needs HAProxy 2.5 or later.
local sidecar = "http://127.0.0.1:7081/v1/homes/user:"  -- its `admin` address

core.register_action("homeport_home", { "http-req" }, function(txn)
	local answer = core.httpclient():get{ url = sidecar .. txn:get_var("txn.user"), timeout = 300 }
	local home = answer and answer.status == 200 and answer.headers["homeport-home"]
	if home then
		txn:set_var("txn.home", home[0])
	end
end)

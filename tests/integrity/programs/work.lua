-- SPDX-License-Identifier: Apache-2.0
-- LuaJIT: its own unwinding, coroutines on C stacks, code made at run time, in hand-written assembler.
print("ready")
io.stdout:flush()
io.read("*l")
local function deep(n) return n > 0 and deep(n - 1) + n or 1 end
local sum = 0
for i = 1, 2000 do
	local ok, value = pcall(function() if i % 7 == 0 then error({i}) end return deep(i % 10) end)
	sum = (sum * 3 + (ok and value or value[1])) % 1000003
end
local co = coroutine.wrap(function() for i = 1, 50 do coroutine.yield(deep(i)) end end)
for _ = 1, 50 do sum = sum + co() end
print(sum)
os.exit(31)

# Shanzhi 善治. `make help` lists what can be asked for.
# Prerequisites: make and Python 3.11-3.13; everything else is put into .venv and frontend/node_modules.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& command -v $$p && break; done)
VENV := .venv/bin
export PYTHONPATH := src
export DJANGO_SETTINGS_MODULE ?= shanzhi.edge.settings
.DEFAULT_GOAL := help
.PHONY: help setup setup-run run test test-long lint e2e bench lock python

help: ## show this list 显示本列表
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1	\2/p' Makefile

python:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11–3.13。 / Python 3.11-3.13 is needed and was not found."; exit 1; }

setup: python ## install everything, tests' tools included 安装全部依赖
	@"$(PYTHON)" tools/bootstrap.py dev

setup-run: python
	@"$(PYTHON)" tools/bootstrap.py base

run: setup-run ## serve a demo city until Ctrl-C 运行演示城市
	@exec $(VENV)/python -m shanzhi.edge.cli.main serve

test: setup ## every check and test 全部检查与测试
	@$(VENV)/python tools/test.py

test-long: setup ## kill, soak and replay tests 长时测试
	@$(VENV)/python tools/test.py long

lint: setup ## style, types and floors 风格、类型与分层
	@$(VENV)/python tools/test.py static

e2e: setup ## the browser tests alone 浏览器测试
	@$(VENV)/python tools/test.py browser

bench: setup ## the benchmarks 性能测量
	@set -e; for file in bench/*.py; do echo "== $$file"; $(VENV)/python "$$file"; done

lock: ## lock the dependencies anew (needs uv) 重新锁定依赖
	@cd requirements && for name in base dev node; do uv pip compile $$name.in -o $$name.txt --quiet \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --universal --python-version 3.11; done

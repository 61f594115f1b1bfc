# The web server, without the networks' libraries. Build from the clone: docker build -f docker/web.Dockerfile .
FROM python:3.13-slim
RUN useradd --uid 1000 --create-home etem && mkdir /app /data && chown etem:etem /app /data
USER etem
WORKDIR /app
COPY --chown=etem:etem etem requirements.txt requirements-dev.txt ./
RUN ./etem setup web
COPY --chown=etem:etem . .
ENV ETEM_DATA_DIR=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["docker/entrypoint.sh"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]

package org.llava4j.data.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Stub of an OpenAI-compatible server on loopback, on plain sockets so that it can fail in every way. It counts
 * requests by their body.
 */
public final class StubEndpoint implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();

    /** Replies to a request. */
    @FunctionalInterface
    public interface Script {
        /**
         * Returns the reply to a request.
         *
         * @param time how many times this request was sent, from 1
         */
        Reply reply(JsonNode request, int time) throws InterruptedException;
    }

    /**
     * Reply of the stub.
     *
     * @param bytes bytes to send
     * @param whole whether it is an answer that the client receives completely
     * @param tokens that the stub counts for it
     * @param after behavior of the connection after the reply
     */
    public record Reply(byte[] bytes, boolean whole, long tokens, After after) {
        /** Behavior of a connection after a reply. */
        enum After {
            STAYS,
            CLOSES,
            HANGS
        }

        /** Returns a valid answer, with its number of words as token count. */
        public static Reply text(JsonNode request, String text) {
            return finished(request, text, "stop");
        }

        /**
         * Returns a valid answer.
         *
         * @param finish the finish reason, "null" for none
         */
        public static Reply finished(JsonNode request, String text, String finish) {
            long prompt = 0;
            for (JsonNode message : request.path("messages")) {
                prompt += message.path("content").asText().split("\\s+").length;
            }
            long completion = text.split("\\s+").length;
            String body = completion(text, finish, prompt, completion).toString();
            return new Reply(http(200, "", body, body.length()), true, prompt + completion, After.STAYS);
        }

        /** Returns a status with a body and optional headers, each ended by a line break. */
        public static Reply status(int status, String headers, String body) {
            return new Reply(http(status, headers, body, body.length()), false, 0, After.STAYS);
        }

        /** Returns a complete HTTP response whose JSON is truncated. */
        public static Reply truncatedJson(String text) {
            String body = completion(text, "stop", 3, 3).toString();
            String half = body.substring(0, body.length() / 2);
            return new Reply(http(200, "", half, half.length()), false, 6, After.STAYS);
        }

        /** Returns a reply whose connection closes inside the body. */
        public static Reply cut(String text) {
            String body = completion(text, "stop", 3, 3).toString();
            return new Reply(
                    http(200, "", body.substring(0, body.length() / 2), body.length()), false, 6, After.CLOSES);
        }

        /** Returns a reply whose connection closes before any byte. */
        public static Reply nothing() {
            return new Reply(new byte[0], false, 0, After.CLOSES);
        }

        /** Returns a reply that stalls inside the body while the connection stays open. */
        public static Reply stall(String text) {
            return new Reply(cut(text).bytes, false, 6, After.HANGS);
        }

        /** Returns any body with status 200. */
        public static Reply body(String body) {
            return new Reply(http(200, "", body, body.length()), false, 0, After.STAYS);
        }

        private static ObjectNode completion(String text, String finish, long prompt, long completion) {
            ObjectNode body = JSON.createObjectNode();
            body.put("id", "c")
                    .put("object", "chat.completion")
                    .put("created", 1)
                    .put("model", "stub-1");
            ObjectNode choice = body.putArray("choices").addObject();
            choice.put("index", 0).put("finish_reason", finish.equals("null") ? null : finish);
            choice.putObject("message").put("role", "assistant").put("content", text);
            body.putObject("usage")
                    .put("prompt_tokens", prompt)
                    .put("completion_tokens", completion)
                    .put("total_tokens", prompt + completion);
            return body;
        }

        private static byte[] http(int status, String headers, String body, int length) {
            return ("HTTP/1.1 " + status + " Said\r\nContent-Type: application/json\r\n" + headers + "Content-Length: "
                            + length + "\r\n\r\n" + body)
                    .getBytes(StandardCharsets.UTF_8);
        }
    }

    private final ServerSocket socket;
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "stub");
        thread.setDaemon(true);
        return thread;
    });
    private final List<Socket> open = new ArrayList<>();
    private final Map<String, Integer> received = new HashMap<>();
    private final Map<String, Integer> answered = new ConcurrentHashMap<>();
    private final List<String> authorizations = new ArrayList<>();
    private final Script script;
    private long tokens;
    private int concurrent;
    private int maxConcurrent;

    private StubEndpoint(Script script) throws IOException {
        this.script = script;
        socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    public static StubEndpoint start(Script script) {
        try {
            StubEndpoint stub = new StubEndpoint(script);
            stub.threads.submit(stub::accept);
            return stub;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String baseUrl() {
        return "http://127.0.0.1:" + socket.getLocalPort() + "/v1";
    }

    private Void accept() throws IOException {
        while (!socket.isClosed()) {
            Socket connection = socket.accept();
            synchronized (this) {
                open.add(connection);
            }
            threads.submit(() -> serve(connection));
        }
        return null;
    }

    private Void serve(Socket connection) throws IOException, InterruptedException {
        try (connection) {
            InputStream in = new BufferedInputStream(connection.getInputStream());
            OutputStream out = connection.getOutputStream();
            for (String body = read(in); body != null; body = read(in)) {
                JsonNode request = JSON.readTree(body);
                int time = count(body);
                Reply reply = script.reply(request, time);
                done(body, reply);
                out.write(reply.bytes);
                out.flush();
                if (reply.after == Reply.After.HANGS) {
                    in.read();
                }
                if (reply.after != Reply.After.STAYS) {
                    return null;
                }
            }
        }
        return null;
    }

    private synchronized int count(String body) {
        maxConcurrent = Math.max(maxConcurrent, ++concurrent);
        return received.merge(body, 1, Integer::sum);
    }

    private synchronized void done(String body, Reply reply) {
        concurrent--;
        tokens += reply.tokens;
        if (reply.whole) {
            answered.merge(body, 1, Integer::sum);
        }
    }

    private String read(InputStream in) throws IOException {
        int length = -1;
        for (String line = line(in); ; line = line(in)) {
            if (line == null) {
                return null;
            }
            String lower = line.toLowerCase(Locale.ROOT);
            if (lower.startsWith("content-length:")) {
                length = Integer.parseInt(lower.substring(15).strip());
            } else if (lower.startsWith("authorization:")) {
                synchronized (this) {
                    authorizations.add(line.substring(14).strip());
                }
            } else if (line.isEmpty()) {
                return new String(in.readNBytes(length), StandardCharsets.UTF_8);
            }
        }
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                return null;
            }
            line.write(c);
        }
        return line.toString(StandardCharsets.UTF_8).strip();
    }

    /** Returns the number of requests received. */
    public synchronized int requests() {
        return received.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** Returns how often each distinct request got a complete answer. */
    public Map<String, Integer> answered() {
        return Map.copyOf(answered);
    }

    /** Returns the tokens of all replies. */
    public synchronized long tokens() {
        return tokens;
    }

    /** Returns the maximum number of concurrent requests. */
    public synchronized int maxConcurrent() {
        return maxConcurrent;
    }

    /** Returns the authorization header of each request that has one. */
    public synchronized List<String> authorizations() {
        return List.copyOf(authorizations);
    }

    @Override
    public void close() {
        try {
            socket.close();
            synchronized (this) {
                for (Socket connection : open) {
                    connection.close();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        threads.shutdownNow();
    }
}

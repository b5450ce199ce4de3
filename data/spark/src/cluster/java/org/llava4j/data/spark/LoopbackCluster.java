package org.llava4j.data.spark;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkSubmit;
import org.apache.spark.deploy.master.Master;
import org.apache.spark.deploy.worker.Worker;
import scala.Tuple2;

/** Standalone Spark cluster on loopback: a master and workers in separate JVMs. */
public final class LoopbackCluster implements AutoCloseable {
    private static final String HOST = "127.0.0.1";

    private final Path folder;
    private final String classPath;
    private final String address;
    private final Process master;
    private final List<Process> workers = new ArrayList<>();

    /** Starts a cluster with the class path of the tests. */
    public LoopbackCluster(Path folder, int workerCount) throws IOException, InterruptedException {
        this(folder, workerCount, System.getProperty("java.class.path"));
    }

    /**
     * Starts a cluster.
     *
     * @param classPath of master, workers, executors and drivers
     */
    public LoopbackCluster(Path folder, int workerCount, String classPath) throws IOException, InterruptedException {
        this.folder = folder;
        this.classPath = classPath;
        // Spark takes this for an installation; its jars are already on the class path.
        Files.createDirectories(folder.resolve("home/jars"));
        Files.createFile(folder.resolve("home/RELEASE"));
        int port = freePort();
        address = "spark://" + HOST + ":" + port;
        master = start("master", Master.class, "--host", HOST, "--port", String.valueOf(port), "--webui-port", "0");
        awaitListening(port);
        for (int i = 0; i < workerCount; i++) {
            String name = "worker-" + i;
            workers.add(start(
                    name,
                    Worker.class,
                    "--host",
                    HOST,
                    "--webui-port",
                    "0",
                    "--cores",
                    "1",
                    "--memory",
                    "1g",
                    "--work-dir",
                    folder.resolve(name).toString(),
                    address));
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
            return socket.getLocalPort();
        }
    }

    private static void awaitListening(int port) throws InterruptedException {
        for (int i = 0; i < 300; i++) {
            try (Socket socket = new Socket(HOST, port)) {
                return;
            } catch (IOException e) {
                Thread.sleep(100);
            }
        }
        throw new IllegalStateException("the master does not accept connections");
    }

    /** Returns the flags of this JVM that Spark's JVMs need as well. */
    private static List<String> opens() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--add-"))
                .toList();
    }

    private Process start(String name, Class<?> main, String... args) throws IOException {
        return start(List.of("-Xmx256m"), main, List.of(args), folder.resolve(name + ".log"));
    }

    /** Starts a driver in a separate JVM. */
    public Process drive(Class<?> main, Path log, List<String> args) throws IOException {
        List<String> flags = new ArrayList<>(List.of("-Xmx512m"));
        for (Tuple2<String, String> setting : conf(main.getSimpleName()).getAll()) {
            flags.add("-D" + setting._1() + "=" + setting._2());
        }
        return start(flags, main, args, log);
    }

    /** Starts {@code spark-submit} in client mode. */
    public Process submit(Path jar, Path log, List<String> args) throws IOException {
        List<String> all = new ArrayList<>();
        for (Tuple2<String, String> setting : conf("submitted").getAll()) {
            all.addAll(List.of("--conf", setting._1() + "=" + setting._2()));
        }
        all.add(jar.toString());
        all.addAll(args);
        return start(List.of("-Xmx512m"), SparkSubmit.class, all, log);
    }

    private Process start(List<String> flags, Class<?> main, List<String> args, Path log) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(opens());
        command.addAll(flags);
        command.addAll(List.of("-cp", classPath, main.getName()));
        command.addAll(args);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("SPARK_HOME", folder.resolve("home").toString());
        builder.environment().put("SPARK_SCALA_VERSION", "2.12");
        builder.environment().put("SPARK_LOCAL_IP", HOST);
        return builder.start();
    }

    /** Returns the configuration of a driver in this JVM. */
    public SparkConf conf(String name) {
        return SparkJob.tuned(new SparkConf())
                .setMaster(address)
                .setAppName(name)
                .set("spark.driver.host", HOST)
                .set("spark.driver.bindAddress", HOST)
                .set("spark.ui.enabled", "false")
                .set("spark.executor.memory", "512m")
                .set("spark.cores.max", String.valueOf(workers.size()))
                .set("spark.executor.extraClassPath", classPath)
                .set("spark.executor.extraJavaOptions", String.join(" ", opens()));
    }

    /** Kills a worker with its executor. */
    public void killWorker(int number) {
        Process worker = workers.get(number);
        worker.descendants().forEach(ProcessHandle::destroyForcibly);
        worker.destroyForcibly();
    }

    @Override
    public void close() {
        for (int i = 0; i < workers.size(); i++) {
            killWorker(i);
        }
        master.destroyForcibly();
    }
}

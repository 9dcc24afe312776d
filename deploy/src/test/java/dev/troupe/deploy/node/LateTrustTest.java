package dev.troupe.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LateTrustTest {
    private static final String PASSWORD = "changeit";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @SuppressWarnings("NullAway.Init")
    private SSLContext before;

    @BeforeEach
    void keep() throws Exception {
        before = SSLContext.getDefault();
    }

    @AfterEach
    void restore() {
        SSLContext.setDefault(before);
    }

    private static X509TrustManager ofTheJvm() throws Exception {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        return (X509TrustManager) factory.getTrustManagers()[0];
    }

    /** A server's keys, whose certificate nobody has signed. */
    private KeyStore ofAStranger() throws Exception {
        Path store = dir.resolve("keys.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "stranger",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=dns:localhost",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        return keys;
    }

    @Test
    void trustsWhomTheJvmTrusts() throws Exception {
        X509Certificate[] authorities = ofTheJvm().getAcceptedIssuers();
        LateTrust trust = new LateTrust();
        assertThat(trust.getAcceptedIssuers()).containsExactlyInAnyOrder(authorities);
        X509Certificate valid = Arrays.stream(authorities)
                .filter(authority -> authority.getPublicKey().getAlgorithm().equals("EC"))
                .findFirst()
                .orElseThrow();
        assertThatCode(() -> trust.checkServerTrusted(new X509Certificate[] {valid}, "ECDHE_ECDSA"))
                .doesNotThrowAnyException();
    }

    @Test
    void aServerThatNobodyVouchesForIsRefused() throws Exception {
        KeyStore keys = ofAStranger();
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD.toCharArray());
        SSLContext serving = SSLContext.getInstance("TLS");
        serving.init(own.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(serving));
        server.start();
        LateTrust.install();
        assertThat(SSLContext.getDefault()).isNotSameAs(before);
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(
                            "https://localhost:" + server.getAddress().getPort()))
                    .build();
            assertThatThrownBy(() -> client.send(request, BodyHandlers.discarding()))
                    .isInstanceOf(SSLHandshakeException.class)
                    .hasMessageContaining("PKIX path building failed");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aProcessWithKeysOfItsOwnKeepsItsContext() throws Exception {
        System.setProperty("javax.net.ssl.keyStore", "keys.p12");
        try {
            LateTrust.install();
            assertThat(SSLContext.getDefault()).isSameAs(before);
        } finally {
            System.clearProperty("javax.net.ssl.keyStore");
        }
    }
}

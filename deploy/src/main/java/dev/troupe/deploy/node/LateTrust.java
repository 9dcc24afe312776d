package dev.troupe.deploy.node;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Trusts whom the JVM trusts, and reads the list of them when a connection first asks. Akka's HTTP has a session of the
 * default context for connections without TLS, too, and by itself that context reads the list when it is made, some 150
 * certificates: 0.3 s of a processor at each start, for a node that speaks to none of them.
 */
final class LateTrust extends X509ExtendedTrustManager {
    /** A property of the JVM whose keys only its own default context has. */
    private static final String KEYS = "javax.net.ssl.keyStore";

    /** Made when it is first used. */
    private static final class Jvm {
        static final X509ExtendedTrustManager TRUST = trust();

        private static X509ExtendedTrustManager trust() {
            try {
                TrustManagerFactory factory =
                        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                factory.init((KeyStore) null);
                return Arrays.stream(factory.getTrustManagers())
                        .filter(X509ExtendedTrustManager.class::isInstance)
                        .map(X509ExtendedTrustManager.class::cast)
                        .findFirst()
                        .orElseThrow();
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("the JVM's list of whom it trusts cannot be read", e);
            }
        }
    }

    /** Makes it the process's default, unless the process has been given keys of its own. */
    static void install() {
        if (System.getProperty(KEYS) != null) {
            return;
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new LateTrust()}, null);
            SSLContext.setDefault(context);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM has no TLS", e);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        Jvm.TRUST.checkClientTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        Jvm.TRUST.checkClientTrusted(chain, type, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        Jvm.TRUST.checkClientTrusted(chain, type, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        Jvm.TRUST.checkServerTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        Jvm.TRUST.checkServerTrusted(chain, type, socket);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        Jvm.TRUST.checkServerTrusted(chain, type, engine);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return Jvm.TRUST.getAcceptedIssuers();
    }
}
